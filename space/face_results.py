"""What was found in a photo, as plain data: the library's schema, under the name that the Space's rooms know it by."""

from fer_models.schema import Answer, FaceResult, agreed_expression, answer_result, face_result

__all__ = ["Answer", "FaceResult", "agreed_expression", "answer_result", "face_result"]

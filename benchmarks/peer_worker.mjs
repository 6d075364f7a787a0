// As benchmarks/peer_worker.py, for packages of npm, with TensorFlow.js's wasm:
// node benchmarks/peer_worker.mjs {face-api,human} photo.rgb WIDTH HEIGHT NODE_MODULES

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import path from 'node:path';

const [who, pixels, width, height, modules] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'x.js'));
const packageFolder = (name) => path.join(modules, ...name.split('/'));
const version = (name) => JSON.parse(readFileSync(path.join(packageFolder(name), 'package.json'), 'utf8')).version;
const print = process.stdout.write.bind(process.stdout);
console.log = console.warn = console.info = (...words) => process.stderr.write(`${words.join(' ')}\n`);

// their models are read from the packages' folders, which fetch of node does not
const fetchElsewhere = globalThis.fetch;
globalThis.fetch = async (url, ...others) => String(url).startsWith('file://')
  ? new Response(readFileSync(new URL(url)))
  : fetchElsewhere(url, ...others);

const wasm = require('@tensorflow/tfjs-backend-wasm');
const wasmFiles = path.join(packageFolder('@tensorflow/tfjs-backend-wasm'), 'dist') + path.sep;
const best = (scores) => Object.entries(scores).sort((a, b) => b[1] - a[1])[0][0];
const raw = new Uint8Array(readFileSync(pixels));

async function faceApi() {
  const api = require(path.join(packageFolder('@vladmandic/face-api'), 'dist', 'face-api.node-wasm.js'));
  wasm.setWasmPaths(wasmFiles);
  await api.tf.setBackend('wasm');
  await api.tf.ready();
  const models = path.join(packageFolder('@vladmandic/face-api'), 'model');
  await api.nets.tinyFaceDetector.loadFromDisk(models);
  await api.nets.faceExpressionNet.loadFromDisk(models);
  const photo = api.tf.tensor3d(raw, [Number(height), Number(width), 3], 'int32');
  const options = new api.TinyFaceDetectorOptions();
  const run = async () => (await api.detectAllFaces(photo, options).withFaceExpressions()).map((face) => best(face.expressions));
  return [`@vladmandic/face-api ${version('@vladmandic/face-api')}, tiny detector`, run];
}

async function human() {
  const { Human } = require(path.join(packageFolder('@vladmandic/human'), 'dist', 'human.node-wasm.js'));
  const off = { enabled: false };
  const face = { enabled: true, detector: { return: false, rotation: false }, mesh: off, iris: off, description: off, antispoof: off, liveness: off, emotion: { enabled: true } };
  const detector = new Human({
    backend: 'wasm', wasmPath: wasmFiles, modelBasePath: `file://${path.join(packageFolder('@vladmandic/human'), 'models')}/`,
    cacheSensitivity: 0, face, body: off, hand: off, object: off, gesture: off, segmentation: off, filter: off, debug: false,
  });
  await detector.load();
  const photo = detector.tf.tensor4d(raw, [1, Number(height), Number(width), 3], 'int32');
  // what was found in the photo before is not to be used again
  const again = { skipAllowed: false, face: { detector: { skipFrames: 0, skipTime: 0 }, emotion: { skipFrames: 0, skipTime: 0 } } };
  const run = async () => (await detector.detect(photo, again)).face.map((one) => one.emotion?.[0]?.emotion ?? 'none');
  return [`@vladmandic/human ${version('@vladmandic/human')}`, run];
}

const [name, run] = await { 'face-api': faceApi, human }[who]();
print(`${JSON.stringify({ name, faces: await run() })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const start = performance.now();
  await run(line);
  print(`${performance.now() - start}\n`);
}

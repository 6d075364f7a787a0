"""What travels with a checkpoint: configurations, networks, image processor; each file imports only its neighbours."""

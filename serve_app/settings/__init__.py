"""Settings by area: the bases of `serve_app.config.Settings`, which reads and checks them all."""

"""What the widgets show: pure functions from a picture to styled lines."""

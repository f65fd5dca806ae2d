"""The screens: the dashboard at the bottom, everything else on top of it."""

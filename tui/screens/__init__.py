"""Screens compose widgets and translate keys; `view` maps the model to what the widgets show."""

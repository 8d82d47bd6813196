"""The panel and its parts: a studio to click in, built on ipywidgets and anywidget.

Each part is one widget with one job: a ``.py`` that asks the workshop, a ``.js`` and a ``.css`` that a browser
reads as they are. Reached from the door by `dalle_nb.panel`, so that `import dalle_nb` imports no widget.
"""

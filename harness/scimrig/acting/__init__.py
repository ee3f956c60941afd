"""Acts played by hand, one a call, against somebody's own server: ``scimrig act``.

``state.py`` keeps what an IdP believes between two calls, ``play.py`` plays an act and reads its effect back,
``forget.py`` clears away what acts have made.

Rule: rows that scimrig did not make are never written to, however long ago it made its own.
"""

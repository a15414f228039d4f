"""Known truth: simulated worlds in which every estimator must find what was put in, and naive ones fail.

A cell is one kind of world with its true effects and the estimators that are tried there (``contract``); all
of them stand in ``cells``. ``worlds`` simulates episodes without texts, one mechanism a file; ``estimators``
binds the workbench's own functions, and the naive ones, to them. ``command`` runs what is missing, ``table``
sums the records up, ``rules`` says what fails.
"""

"""Gold: messages coded by people, on a probability sample of episodes.

``draw`` chooses the episodes, ``messages`` shows what a coder may see, ``label_studio`` and ``sheets`` hand
it out and take it back, ``codes`` checks and keeps it, ``agreement`` says how far coders agree, ``files``
knows where it all lies, ``steps`` and ``commands`` bind it to the command line.
"""

"""Fast worlds without texts, each with one known effect and one trap; truth by paired counterfactual runs."""

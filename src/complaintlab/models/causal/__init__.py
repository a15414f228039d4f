"""What the causal stages share: hazards by pooled logistic regression, weighting, resampling."""

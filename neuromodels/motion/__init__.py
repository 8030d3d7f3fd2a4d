"""Motion energy models of V1 and MT: the classical ones, and trainable networks built from them."""

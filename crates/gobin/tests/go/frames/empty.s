// Functions without a body, as linkname needs them, are for packages with assembly only.

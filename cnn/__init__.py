"""What is impending: labels, feed, Keras models, training, calibration, prediction and the trained bundle.

Needs NumPy and Keras alone (on TensorFlow, JAX or torch); Keras is imported where it is used.
"""

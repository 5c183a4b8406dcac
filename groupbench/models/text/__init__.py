"""Encoders that turn texts into vectors, as inputs of models; each is registered by a name.

What texts there are is the data set's business, and what is learned from their vectors the models'.
"""

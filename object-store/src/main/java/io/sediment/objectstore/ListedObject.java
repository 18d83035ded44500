package io.sediment.objectstore;

/** One row of a listing. */
public record ListedObject(ObjectKey key, long length) {}

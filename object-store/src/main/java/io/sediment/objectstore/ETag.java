package io.sediment.objectstore;

/**
 * Names one version of an object's content, as the store gave it; opaque. Two reads with the same
 * tag saw the same bytes. Never compared across stores.
 */
public record ETag(String value) {}

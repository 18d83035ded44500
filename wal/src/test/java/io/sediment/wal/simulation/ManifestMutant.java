package io.sediment.wal.simulation;

import io.sediment.objectstore.ObjectStore;

/** One safeguard of a lane's manifests taken away, from outside. */
enum ManifestMutant {
  NONE,

  /** A manifest that could be created is believed to be committed. */
  BOUNDARY_UNCHECKED {
    @Override
    ObjectStore spoil(ObjectStore store) {
      return new OldBoundary(store);
    }
  },

  /** The boundary is set, not raised. */
  BOUNDARY_LOWERED {
    @Override
    ObjectStore spoil(ObjectStore store) {
      return new LoweredBoundary(store);
    }
  };

  ObjectStore spoil(ObjectStore store) {
    return store;
  }
}

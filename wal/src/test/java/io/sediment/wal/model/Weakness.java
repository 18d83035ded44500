package io.sediment.wal.model;

/** A safeguard of the protocol that can be taken away, to see that it is needed. */
enum Weakness {
  /** A slot is acknowledged as soon as its own put is confirmed. */
  ACK_OUT_OF_ORDER,
  /** A fence is collected like the objects before it. */
  FENCE_DELETED,
  /** A sealer reads the manifest, fences, and only then raises the manifest's epoch. */
  WAL_FENCED_BEFORE_MANIFEST,
  /** 412 for our own slot is taken for our earlier attempt without looking. */
  CONFLICT_TAKEN_FOR_SUCCESS,
  /** An L0 ends in the middle of a slot, and replay goes on after that slot. */
  L0_CUT_OFF_SLOT_BOUNDARY,
  /** A sealer fences the epoch before its own and none below. */
  ONLY_NEWEST_EPOCH_SEALED,
  /** A manifest that could be created is believed to be committed. */
  BOUNDARY_UNCHECKED,
  /** A writer commits onto whatever manifest is newest, whoever it belongs to. */
  MANIFEST_EPOCH_UNCHECKED,
  /** WAL objects below the replay point are collected although the manifest lists them as L0. */
  ADOPTED_OBJECTS_COLLECTED,
  /** A sealer takes every object it finds, beyond a gap too, for part of the log. */
  READ_BY_PRESENCE
}

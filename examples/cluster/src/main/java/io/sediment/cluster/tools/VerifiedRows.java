package io.sediment.cluster.tools;

import io.sediment.objectstore.ObjectKey;
import java.util.List;
import java.util.Locale;

/** Verifies objects and prints a row for each, and one for each damage. */
final class VerifiedRows {
  private final ObjectVerifier verifier;
  private final Output out;
  private boolean isDamaged;

  VerifiedRows(BucketView bucket, Output out) {
    this.verifier = new ObjectVerifier(bucket);
    this.out = out;
  }

  /** Returns the exit status. */
  int verify(List<ObjectKey> keys) {
    keys.forEach(this::verify);
    return exitStatus();
  }

  void verify(ObjectKey key) {
    ObjectVerifier.Outcome outcome = verifier.verify(key, damage -> out.row(damage.row()));
    switch (outcome) {
      case SOUND -> {}
      case DAMAGED -> isDamaged = true;
      case ABSENT -> throw new UsageException("no such object: " + key);
      case UNKNOWN -> throw new UsageException("nothing is known of this key: " + key);
    }
    out.row(
        new Row("verified")
            .with("key", key)
            .with("outcome", outcome.name().toLowerCase(Locale.ROOT)));
  }

  int exitStatus() {
    return isDamaged ? Tools.EXIT_DAMAGED : Tools.EXIT_CLEAN;
  }
}

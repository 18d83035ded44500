package io.sediment.frontend.partition;

import java.util.List;
import org.apache.kafka.common.protocol.Errors;

/** What a validator says of one batch. */
public sealed interface BatchVerdict {
  /** The bytes may be appended as they are. */
  record Accepted() implements BatchVerdict {
    static final Accepted ACCEPTED = new Accepted();
  }

  /**
   * The header is sound, but the records must be decompressed or written anew before the batch can
   * be appended; too much work for a network thread.
   */
  record NeedsWork() implements BatchVerdict {
    static final NeedsWork NEEDS_WORK = new NeedsWork();
  }

  /** Nothing may be appended. */
  record Rejected(Errors error, String message, List<RecordError> records) implements BatchVerdict {
    public Rejected {
      records = List.copyOf(records);
    }

    static Rejected of(Errors error, String message) {
      return new Rejected(error, message, List.of());
    }
  }

  /** What is wrong with one record, by its place in the batch. */
  record RecordError(int batchIndex, String message) {}
}

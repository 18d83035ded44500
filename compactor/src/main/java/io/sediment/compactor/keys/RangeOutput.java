package io.sediment.compactor.keys;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes ranges as they are complete, in order. Between them lies at most what has no batches. */
interface RangeOutput {
  /**
   * @param summary of the range, to keep
   */
  void range(OffsetRange range, ByteBuffer summary) throws IOException;
}

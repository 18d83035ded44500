package io.sediment.frontend.handler;

import io.sediment.lsm.lane.BatchSlices;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.network.TransferableChannel;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.RecordsSend;

/**
 * Record bytes of a response as slices of the lane's memory. Does not own them: whoever read the
 * slices has them closed after the response.
 */
final class SlicedRecords implements BaseRecords {
  private final List<ByteBuffer> buffers;
  private final int sizeInBytes;

  SlicedRecords(BatchSlices slices) {
    this.buffers = slices.buffers();
    this.sizeInBytes = slices.sizeInBytes();
  }

  @Override
  public int sizeInBytes() {
    return sizeInBytes;
  }

  @Override
  public RecordsSend<SlicedRecords> toSend() {
    return new SlicesSend(this);
  }

  private static final class SlicesSend extends RecordsSend<SlicedRecords> {
    private SlicesSend(SlicedRecords records) {
      super(records, records.sizeInBytes);
    }

    /** Everything in one go: the only channel this is sent to takes all it is given. */
    @Override
    protected int writeTo(TransferableChannel channel, int previouslyWritten, int remaining)
        throws IOException {
      if (previouslyWritten != 0) {
        throw new IllegalStateException("slices written in part: " + previouslyWritten);
      }
      ByteBuffer[] views = new ByteBuffer[records().buffers.size()];
      for (int i = 0; i < views.length; i++) {
        views[i] = records().buffers.get(i).duplicate();
      }
      return Math.toIntExact(channel.write(views));
    }
  }
}

package io.sediment.frontend.handler;

import io.sediment.lsm.lane.BatchSlices;
import io.sediment.objectstore.FileRange;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.network.TransferableChannel;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.RecordsSend;

/**
 * Record bytes of a response as slices of the lane's memory, or of files. Does not own them:
 * whoever read the slices has them closed after the response.
 */
final class SlicedRecords implements BaseRecords {
  private final BatchSlices slices;

  SlicedRecords(BatchSlices slices) {
    this.slices = slices;
  }

  @Override
  public int sizeInBytes() {
    return slices.sizeInBytes();
  }

  @Override
  public RecordsSend<SlicedRecords> toSend() {
    return new SlicesSend(this);
  }

  private static final class SlicesSend extends RecordsSend<SlicedRecords> {
    private SlicesSend(SlicedRecords records) {
      super(records, records.sizeInBytes());
    }

    /** Everything in one go: the only channel this is sent to takes all it is given. */
    @Override
    protected int writeTo(TransferableChannel channel, int previouslyWritten, int remaining)
        throws IOException {
      if (previouslyWritten != 0) {
        throw new IllegalStateException("slices written in part: " + previouslyWritten);
      }
      BatchSlices slices = records().slices;
      ByteBuffer[] views = new ByteBuffer[slices.buffers().size()];
      for (int i = 0; i < views.length; i++) {
        views[i] = slices.buffers().get(i).duplicate();
      }
      long written = channel.write(views);
      for (FileRange file : slices.files()) {
        written += channel.transferFrom(file.channel(), file.position(), file.length());
      }
      return Math.toIntExact(written);
    }
  }
}

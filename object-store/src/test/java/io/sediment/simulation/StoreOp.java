package io.sediment.simulation;

import io.sediment.objectstore.StoreOperation;

/** The requests that a process may send, as faults and observers name them. */
public enum StoreOp {
  PUT_IF_ABSENT(true, StoreOperation.PUT_IF_ABSENT),
  PUT_IF_MATCH(true, StoreOperation.PUT_IF_MATCH),
  GET(false, StoreOperation.GET),
  DELETE(true, StoreOperation.DELETE),
  LIST(false, StoreOperation.LIST),
  START_MULTIPART(true, StoreOperation.MULTIPART_START),
  PUT_PART(true, StoreOperation.MULTIPART_PUT),
  COPY_PART(true, StoreOperation.MULTIPART_COPY),
  COMPLETE_MULTIPART(true, StoreOperation.MULTIPART_COMPLETE),
  ABORT_MULTIPART(true, StoreOperation.MULTIPART_ABORT);

  private final boolean write;
  private final StoreOperation billedAs;

  StoreOp(boolean write, StoreOperation billedAs) {
    this.write = write;
    this.billedAs = billedAs;
  }

  /** True when it changes the bucket, so that its outcome can be in doubt. */
  public boolean isWrite() {
    return write;
  }

  StoreOperation billedAs() {
    return billedAs;
  }
}

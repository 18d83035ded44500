package io.sediment.simulation;

/** The requests a bucket knows, and how each is billed. */
public enum StoreOp {
  PUT_IF_ABSENT(true, Billed.PUT),
  PUT_IF_MATCH(true, Billed.PUT),
  GET(false, Billed.GET),
  DELETE(true, Billed.NOTHING),
  LIST(false, Billed.PUT),
  START_MULTIPART(true, Billed.PUT),
  PUT_PART(true, Billed.PUT),
  COPY_PART(true, Billed.PUT),
  COMPLETE_MULTIPART(true, Billed.PUT),
  ABORT_MULTIPART(true, Billed.NOTHING);

  /** Price class of a request. */
  enum Billed {
    PUT,
    GET,
    NOTHING
  }

  private final boolean write;
  private final Billed billed;

  StoreOp(boolean write, Billed billed) {
    this.write = write;
    this.billed = billed;
  }

  /** True when it changes the bucket, so that its outcome can be in doubt. */
  public boolean isWrite() {
    return write;
  }

  Billed billed() {
    return billed;
  }
}

package io.sediment.objectstore.s3;

/** What a {@link FaultProxy} does to one request. */
public enum ProxyFault {
  /** Passes the request on and its answer back. */
  NONE,
  /** Breaks the connection; the server never sees the request. */
  LOSE_REQUEST,
  /** The server does it, the client's connection breaks instead of an answer. */
  LOSE_ANSWER,
  /** The connection breaks at once; the server sees the request when held ones are delivered. */
  DELIVER_LATE,
  /** All is well, and the server sees the same request again when held ones are delivered. */
  DELIVER_TWICE,
  /** 409 ConditionalRequestConflict; the server never sees the request. */
  CONFLICT,
  /** 412 PreconditionFailed out of the blue; the server never sees the request. */
  PRECONDITION_FAILED,
  /** 500 InternalError after the server has done it. */
  INTERNAL_ERROR,
  /** 503 SlowDown; the server never sees the request. */
  SLOW_DOWN,
  /** Half of the answer's body, then the connection breaks. */
  TRUNCATE_ANSWER,
  /** One bit in the middle of the answer's body is flipped. */
  CORRUPT_ANSWER,
  /** The server does it; the answer waits until stalled ones are let go. */
  STALL_ANSWER
}

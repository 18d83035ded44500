package io.sediment.objectstore.s3;

import java.util.concurrent.CompletionException;

/** Passes a failure on from inside of a stage that maps some of them. */
final class Failed {
  private Failed() {}

  static CompletionException with(Throwable failure) {
    return failure instanceof CompletionException known ? known : new CompletionException(failure);
  }
}

package io.sediment.runtime;

import java.util.concurrent.CompletionException;

/** What went wrong, without what futures wrap around it. */
public final class Failures {
  private Failures() {}

  /** The failure itself, or what the {@link CompletionException}s around it were made for. */
  public static Throwable causeOf(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}

package io.sediment.objectstore.s3;

import io.sediment.objectstore.ObjectStoreException;
import io.sediment.runtime.Failures;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** What a failure of the SDK means to a caller of the port. */
final class S3Errors {
  static final int NOT_FOUND = 404;
  static final int PRECONDITION_FAILED = 412;
  static final int RANGE_NOT_SATISFIABLE = 416;

  private static final int CONFLICT = 409;
  private static final int REQUEST_TIMEOUT = 408;
  private static final int TOO_MANY_REQUESTS = 429;
  private static final int SERVICE_UNAVAILABLE = 503;

  private S3Errors() {}

  /**
   * The port's exception for {@code failure}. Whatever is no answer of the server (time-out, lost
   * connection, an answer cut short, a checksum that does not fit) says nothing of the outcome.
   *
   * @param what the call and its key, for the message
   */
  static ObjectStoreException map(String what, Throwable failure) {
    Throwable cause = Failures.causeOf(failure);
    if (cause instanceof ObjectStoreException known) {
      return known;
    }
    if (cause instanceof S3Exception answer) {
      return ofAnswer(what, answer);
    }
    if (cause instanceof NoCredentialsException) {
      return new ObjectStoreException.Refused(what + ": " + cause.getMessage(), cause);
    }
    return new ObjectStoreException.Unavailable(what + ": " + deepest(cause), cause);
  }

  /** The outcome that one key of a batch has. */
  static ObjectStoreException ofCode(String message, String code) {
    return switch (code) {
      case "SlowDown", "TooManyRequests" ->
          new ObjectStoreException.Unavailable(message, true, null);
      case "InternalError", "ServiceUnavailable", "OperationAborted", "RequestTimeout" ->
          new ObjectStoreException.Unavailable(message, null);
      default -> new ObjectStoreException.Refused(message, null);
    };
  }

  /** Whether the server said {@code code}, or only the status that belongs to it. */
  static boolean is(Throwable failure, int status, String code) {
    return Failures.causeOf(failure) instanceof S3Exception answer
        && (code(answer).equals(code) || (answer.statusCode() == status && code(answer).isEmpty()));
  }

  static boolean hasStatus(Throwable failure, int status) {
    return Failures.causeOf(failure) instanceof S3Exception answer && answer.statusCode() == status;
  }

  /** Whether the server answered at all. */
  static boolean isAnswer(Throwable failure) {
    return Failures.causeOf(failure) instanceof S3Exception;
  }

  static boolean isNoSuchBucket(Throwable failure) {
    return Failures.causeOf(failure) instanceof S3Exception answer
        && code(answer).equals("NoSuchBucket");
  }

  private static ObjectStoreException ofAnswer(String what, S3Exception answer) {
    int status = answer.statusCode();
    String code = code(answer);
    String message = what + ": status=" + status + " code=" + code + " message=" + message(answer);
    boolean throttled =
        status == TOO_MANY_REQUESTS || code.equals("SlowDown") || code.equals("TooManyRequests");
    boolean mayHelp =
        throttled
            || status == CONFLICT
            || status == REQUEST_TIMEOUT
            || status >= 500
            || status < 300 // an error inside of an answer that began well
            || code.equals("RequestTimeout");
    return mayHelp
        ? new ObjectStoreException.Unavailable(
            message, throttled || status == SERVICE_UNAVAILABLE, answer)
        : new ObjectStoreException.Refused(message, answer);
  }

  private static String code(S3Exception answer) {
    AwsErrorDetails details = answer.awsErrorDetails();
    return details == null || details.errorCode() == null ? "" : details.errorCode();
  }

  private static String message(S3Exception answer) {
    AwsErrorDetails details = answer.awsErrorDetails();
    return details == null || details.errorMessage() == null ? "" : details.errorMessage();
  }

  private static String deepest(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    return cause == failure ? failure.toString() : failure.getMessage() + ": " + cause;
  }
}

package io.sediment.objectstore.s3;

import java.time.Duration;
import java.util.Random;

/**
 * How long after a request a {@link FaultProxy} passes its answer on: what the server takes is in
 * it, and later only if the server takes longer. Called by one thread at a time.
 */
@FunctionalInterface
public interface AnswerDelay {
  Duration next(String method, String target);

  static AnswerDelay none() {
    return (method, target) -> Duration.ZERO;
  }

  /**
   * Answers like S3 Standard: lognormal, for PUT with a median of 60 ms and a p99 of 250 ms, for
   * everything else with a median of 30 ms and the same shape.
   */
  static AnswerDelay likeS3Standard(long seed) {
    Random random = new Random(seed);
    double z99 = 2.3263; // standard deviations from the median to the p99 of a normal distribution
    double sigma = Math.log(250.0 / 60.0) / z99;
    return (method, target) -> {
      double medianMillis = method.equals("PUT") ? 60 : 30;
      double millis = medianMillis * Math.exp(sigma * random.nextGaussian());
      return Duration.ofNanos((long) (millis * 1_000_000));
    };
  }
}

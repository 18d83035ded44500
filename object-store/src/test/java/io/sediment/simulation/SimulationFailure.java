package io.sediment.simulation;

import org.jspecify.annotations.Nullable;

/** A run that broke a property; the message is the whole report, seed first. */
public final class SimulationFailure extends AssertionError {
  private static final long serialVersionUID = 1;
  private final String anomaly;

  SimulationFailure(String anomaly, String report, @Nullable Throwable cause) {
    super(report, cause);
    this.anomaly = anomaly;
  }

  /** What went wrong, in one line that begins with the anomaly's name. */
  public String anomaly() {
    return anomaly;
  }
}

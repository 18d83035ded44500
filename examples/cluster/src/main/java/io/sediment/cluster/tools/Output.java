package io.sediment.cluster.tools;

import java.io.PrintStream;

/** Where a command's answer goes: a line for each row, for people or as JSON. */
final class Output {
  private final PrintStream out;
  private final boolean asJson;

  Output(PrintStream out, boolean asJson) {
    this.out = out;
    this.asJson = asJson;
  }

  void row(Row row) {
    out.println(asJson ? row.json() : row.text());
  }
}

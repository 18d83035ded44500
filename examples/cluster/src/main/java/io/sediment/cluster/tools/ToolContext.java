package io.sediment.cluster.tools;

import io.sediment.runtime.Ticker;
import java.io.PrintStream;
import java.time.InstantSource;

/**
 * What commands are given.
 *
 * @param out for what was asked, and nothing else
 * @param err for progress and complaints
 */
record ToolContext(
    BucketSource source, PrintStream out, PrintStream err, Ticker ticker, InstantSource clock) {}

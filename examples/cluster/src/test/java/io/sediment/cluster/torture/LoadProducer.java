package io.sediment.cluster.torture;

/**
 * Sends records {@code producer:0}, {@code producer:1}, … until told to stop, and books every
 * acknowledgement in the ledger.
 */
interface LoadProducer {
  void start() throws Exception;

  /** Stops sending and waits until every record sent has been answered, one way or the other. */
  void finish() throws Exception;
}

package io.sediment.wal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Keeps what a log told of itself. For simulated worlds, where there is one thread. */
final class CountingMetrics implements WalMetrics {
  final List<Long> queueNanos = new ArrayList<>();
  final List<Long> putNanos = new ArrayList<>();
  final List<Long> orderNanos = new ArrayList<>();
  final Map<String, Integer> resolutions = new TreeMap<>();
  int flushes;
  int batches;
  long footerBytes;
  int inFlight;
  int inFlightMax;
  int hedgesSent;
  int hedgesWon;
  int retries;
  int halts;
  int fencesCreated;
  int fencesAdopted;

  @Override
  public void acked(long queue, long put, long order) {
    queueNanos.add(queue);
    putNanos.add(put);
    orderNanos.add(order);
  }

  @Override
  public void flushed(int batchCount, long objectBytes, long bytesOfFooter) {
    flushes++;
    batches += batchCount;
    footerBytes += bytesOfFooter;
  }

  @Override
  public void inFlight(int objects) {
    inFlight = objects;
    inFlightMax = Math.max(inFlightMax, objects);
  }

  @Override
  public void hedgeSent() {
    hedgesSent++;
  }

  @Override
  public void hedgeWon() {
    hedgesWon++;
  }

  @Override
  public void retried() {
    retries++;
  }

  @Override
  public void resolved(Doubt doubt, Verdict verdict) {
    resolutions.merge(doubt + " " + verdict, 1, Integer::sum);
  }

  @Override
  public void halted() {
    halts++;
  }

  @Override
  public void sealed(long objects, boolean created) {
    if (created) {
      fencesCreated++;
    } else {
      fencesAdopted++;
    }
  }
}

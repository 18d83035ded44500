package io.sediment.cluster.torture;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * kcat, that is librdkafka. Its delivery reports name the offset but not the record; with one
 * partition and an order-keeping configuration the n-th report of a process is the n-th record it
 * was given.
 *
 * <p>kcat gives up when its only broker is gone. Then a new process goes on with the next record;
 * what the old one had not reported may be stored or not, and is not booked as acknowledged.
 */
final class KcatLoadProducer implements LoadProducer {
  private static final Pattern DELIVERED =
      Pattern.compile("Message delivered to partition (\\d+) \\(offset (\\d+)\\)");

  private final String bootstrap;
  private final String topic;
  private final Ledger.Account account;
  private final long pauseNanos;
  private final Thread thread;
  private volatile boolean stopping;
  private long next;

  KcatLoadProducer(String bootstrap, String topic, Ledger.Account account, int recordsPerSecond) {
    this.bootstrap = bootstrap;
    this.topic = topic;
    this.account = account;
    this.pauseNanos = 1_000_000_000L / recordsPerSecond;
    this.thread = new Thread(this::run, account.producer);
  }

  @Override
  public void start() {
    thread.start();
  }

  private void run() {
    try {
      while (!stopping) {
        oneProcess();
      }
    } catch (IOException e) {
      account.failed("kcat cannot be started: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      account.failed("interrupted");
    }
  }

  private void oneProcess() throws IOException, InterruptedException {
    Process kcat = startKcat();
    long first = next;
    long[] reported = new long[1];
    Thread reports =
        new Thread(() -> reported[0] = readReports(kcat, first), account.producer + "-reports");
    reports.start();
    try (Writer in = kcat.outputWriter(StandardCharsets.UTF_8)) {
      while (!stopping && kcat.isAlive()) {
        in.write(account.value(next) + "\n");
        in.flush();
        next++;
        LockSupport.parkNanos(pauseNanos);
      }
    } catch (IOException itGaveUp) {
      next++; // half a record may have been read
    }
    if (!kcat.waitFor(120, TimeUnit.SECONDS)) {
      kcat.destroyForcibly();
      account.failed("kcat did not end within 120 s of its last record");
    }
    reports.join();
    if (kcat.exitValue() == 0 && reported[0] != next - first) {
      account.failed(
          "kcat ended in order but reported " + reported[0] + " of " + (next - first) + " records");
    }
  }

  private Process startKcat() throws IOException {
    return new ProcessBuilder(
            "kcat",
            "-P",
            "-b",
            bootstrap,
            "-t",
            topic,
            "-p",
            Integer.toString(account.partition),
            "-T",
            "-vvv",
            "-X",
            "acks=all",
            "-X",
            "enable.idempotence=" + account.idempotent,
            "-X",
            "max.in.flight.requests.per.connection=" + (account.idempotent ? 5 : 1),
            "-X",
            "message.timeout.ms=600000",
            "-X",
            "request.timeout.ms=10000",
            "-X",
            "socket.timeout.ms=10000", // else a broker that sleeps keeps it waiting for a minute
            "-X",
            "linger.ms=5",
            "-X",
            "reconnect.backoff.max.ms=500")
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  /** Books what one process reports; returns how many records that was. */
  private long readReports(Process kcat, long first) {
    long reported = 0;
    try (BufferedReader err = kcat.errorReader(StandardCharsets.UTF_8)) {
      for (String line = err.readLine(); line != null; line = err.readLine()) {
        Matcher delivered = DELIVERED.matcher(line);
        if (delivered.find()) {
          account.acked(Long.parseLong(delivered.group(2)), account.value(first + reported++));
        } else if (line.contains("Delivery failed")) {
          reported++;
        }
      }
    } catch (IOException e) {
      account.failed("reports of kcat broke off: " + e);
    }
    return reported;
  }

  @Override
  public void finish() throws InterruptedException {
    stopping = true;
    thread.join();
  }
}

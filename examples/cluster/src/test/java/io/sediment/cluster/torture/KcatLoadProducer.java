package io.sediment.cluster.torture;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * kcat, that is librdkafka. Its delivery reports name the offset but not the record; with one
 * partition and an order-keeping configuration the n-th report is the n-th record's.
 */
final class KcatLoadProducer implements LoadProducer {
  private static final Pattern DELIVERED =
      Pattern.compile("Message delivered to partition (\\d+) \\(offset (\\d+)\\)");

  private final String bootstrap;
  private final String topic;
  private final Ledger.Account account;
  private final long pauseNanos;
  private final Thread writer;
  private final Thread reports;
  private volatile boolean stopping;
  private Process kcat;
  private long sent;
  private long reported;

  KcatLoadProducer(String bootstrap, String topic, Ledger.Account account, int recordsPerSecond) {
    this.bootstrap = bootstrap;
    this.topic = topic;
    this.account = account;
    this.pauseNanos = 1_000_000_000L / recordsPerSecond;
    this.writer = new Thread(this::write, account.producer);
    this.reports = new Thread(this::readReports, account.producer + "-reports");
  }

  @Override
  public void start() throws IOException {
    kcat =
        new ProcessBuilder(
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
                "linger.ms=5",
                "-X",
                "reconnect.backoff.max.ms=500")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    writer.start();
    reports.start();
  }

  private void write() {
    try (Writer in = kcat.outputWriter(StandardCharsets.UTF_8)) {
      for (; !stopping; sent++) {
        in.write(account.value(sent) + "\n");
        in.flush();
        LockSupport.parkNanos(pauseNanos);
      }
    } catch (IOException e) {
      account.failed("kcat no longer reads: " + e);
    }
  }

  private void readReports() {
    try (BufferedReader err = kcat.errorReader(StandardCharsets.UTF_8)) {
      for (String line = err.readLine(); line != null; line = err.readLine()) {
        Matcher delivered = DELIVERED.matcher(line);
        if (delivered.find()) {
          account.acked(Long.parseLong(delivered.group(2)), account.value(reported++));
        } else if (line.contains("Delivery failed")) {
          account.failed(account.value(reported++) + ": " + line);
        }
      }
    } catch (IOException e) {
      account.failed("reports of kcat broke off: " + e);
    }
  }

  @Override
  public void finish() throws InterruptedException {
    stopping = true;
    writer.join();
    if (!kcat.waitFor(120, TimeUnit.SECONDS)) {
      kcat.destroyForcibly();
      account.failed("kcat did not end within 120 s of its last record");
    }
    reports.join();
    if (reported != sent) {
      account.failed("kcat reported " + reported + " of " + sent + " records");
    }
  }

  /** Whether kcat is installed. */
  static boolean isInstalled() {
    try {
      return new ProcessBuilder(List.of("kcat", "-V"))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException absent) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}

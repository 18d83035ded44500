package io.sediment.cluster.tools;

import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.PriceList;
import io.sediment.objectstore.RequestCounts;
import io.sediment.objectstore.StoreOperation;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "cost",
    description =
        "Say what the bucket costs a month. What it holds is measured. Requests are measured at"
            + " brokers whose metrics are named, else assumed as told.")
final class CostCommand extends BucketCommand {
  private static final Duration MONTH = Duration.ofDays(30);
  private static final int SECONDS_MAX = 240;

  /** The price lists there are. */
  private enum Prices {
    S3_STANDARD(PriceList.S3_STANDARD),
    S3_EXPRESS(PriceList.S3_EXPRESS);

    private final PriceList list;

    Prices(PriceList list) {
      this.list = list;
    }
  }

  @Option(
      names = "--prices",
      defaultValue = "S3_STANDARD",
      description = "One of ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Prices prices = Prices.S3_STANDARD;

  @Option(
      names = "--metrics",
      paramLabel = "URL",
      description = "Of a broker, like http://localhost:8080/metrics; once for each broker.")
  private List<String> metrics = List.of();

  @Option(
      names = "--seconds",
      defaultValue = "10",
      description = "How long requests are counted (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--puts-per-second",
      defaultValue = "0",
      description = "Assumed where no metrics are named (default: ${DEFAULT-VALUE}).")
  private double putsPerSecond;

  @Option(
      names = "--gets-per-second",
      defaultValue = "0",
      description = "Assumed where no metrics are named (default: ${DEFAULT-VALUE}).")
  private double getsPerSecond;

  CostCommand(ToolContext context) {
    super(context);
  }

  @Override
  int run(BucketView bucket, Output out) {
    if (seconds < 1 || seconds > SECONDS_MAX || putsPerSecond < 0 || getsPerSecond < 0) {
      throw new UsageException(
          "rates must not be negative, and --seconds is from 1 to " + SECONDS_MAX);
    }
    PriceList list = prices.list;
    long[] stored = new long[2];
    bucket.list(
        "",
        object -> {
          stored[0]++;
          stored[1] += object.length();
        });
    out.row(
        new Row("prices")
            .with("name", list.name())
            .with("perThousandPuts", list.perThousandPuts())
            .with("perThousandGets", list.perThousandGets())
            .with("perThousandLists", list.perThousandLists())
            .with("perUploadedGb", list.perUploadedGb())
            .with("perDownloadedGb", list.perDownloadedGb())
            .with("perStoredGbMonth", list.perStoredGbMonth()));
    double storage = list.dollarsPerMonth(stored[1]);
    out.row(
        new Row("cost")
            .with("item", "storage")
            .with("basis", "measured")
            .with("objects", stored[0])
            .with("bytes", stored[1])
            .with("dollarsPerMonth", rounded(storage)));
    double requests = metrics.isEmpty() ? assumed(list, out) : measured(bucket, list, out);
    out.row(
        new Row("cost").with("item", "total").with("dollarsPerMonth", rounded(storage + requests)));
    return Tools.EXIT_CLEAN;
  }

  private double assumed(PriceList list, Output out) {
    double monthSeconds = MONTH.toSeconds();
    RequestCounts month =
        new RequestCounts(
            Map.of(
                StoreOperation.PUT_IF_ABSENT,
                Math.round(putsPerSecond * monthSeconds),
                StoreOperation.GET,
                Math.round(getsPerSecond * monthSeconds)),
            0,
            0);
    double dollars = list.dollars(month);
    out.row(
        new Row("cost")
            .with("item", "requests")
            .with("basis", "assumed")
            .with("putsPerSecond", putsPerSecond)
            .with("getsPerSecond", getsPerSecond)
            .with("dollarsPerMonth", rounded(dollars)));
    return dollars;
  }

  private double measured(BucketView bucket, PriceList list, Output out) {
    long begin = context().ticker().nanoTime();
    List<RequestCounts> before = sample();
    context().err().println("... counting requests for " + seconds + " s");
    CompletableFuture<Void> later = new CompletableFuture<>();
    bucket.scheduler().schedule(() -> later.complete(null), Duration.ofSeconds(seconds));
    bucket.await(later);
    List<RequestCounts> after = sample();
    double elapsed = (context().ticker().nanoTime() - begin) / 1e9;
    double sum = 0;
    for (int i = 0; i < before.size(); i++) {
      RequestCounts counts = after.get(i).since(before.get(i));
      double dollars = list.dollars(counts) * MONTH.toSeconds() / elapsed;
      sum += dollars;
      Row row =
          new Row("cost")
              .with("item", "requests")
              .with("basis", "measured, and assumed to go on so")
              .with("metrics", metrics.get(i))
              .with("seconds", rounded(elapsed));
      for (StoreOperation operation : StoreOperation.values()) {
        if (counts.of(operation) > 0) {
          row.with(operation.name().toLowerCase(Locale.ROOT), counts.of(operation));
        }
      }
      out.row(
          row.with("uploadedBytes", counts.uploadedBytes())
              .with("downloadedBytes", counts.downloadedBytes())
              .with("dollarsPerMonth", rounded(dollars)));
    }
    return sum;
  }

  private List<RequestCounts> sample() {
    HttpClient client = HttpClient.newHttpClient();
    List<RequestCounts> samples = new ArrayList<>();
    for (String url : metrics) {
      try {
        HttpResponse<String> answer =
            client.send(
                HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(10)).build(),
                HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
          throw new UsageException("no metrics at " + url + ": status " + answer.statusCode());
        }
        samples.add(StoreTraffic.parse(answer.body()));
      } catch (IOException | IllegalArgumentException e) {
        throw new UsageException("no metrics at " + url + ": " + e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new ObjectStoreException.Unavailable("interrupted", e);
      }
    }
    return samples;
  }

  private static double rounded(double value) {
    return Math.round(value * 1e4) / 1e4;
  }
}

package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What brokers write, with their own {@code logback.xml}, when others choose the words. */
class LogFormatTest {
  private static final String BEGIN = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z ";
  private static final String RATIS = "org.apache.ratis.grpc.server.GrpcServerProtocolService";

  private final PrintStream before = System.out;
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private final LoggerContext context = new LoggerContext();

  @BeforeEach
  void start() throws Exception {
    System.setOut(new PrintStream(written, true, StandardCharsets.UTF_8));
    context.setMDCAdapter(new LogbackMDCAdapter());
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    configurator.doConfigure(Main.class.getResource("/logback.xml"));
  }

  @AfterEach
  void stop() {
    context.stop();
    System.setOut(before);
  }

  private List<String> lines() {
    return written.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void whatIsSaidCannotBeginALineOrSteerATerminal() {
    Throwable why = new IllegalStateException("a\r\nb\u009b2J", new IllegalStateException("c\nd"));
    context.getLogger(Main.class).error("topic {}", "x\r\n2026 ERROR forged\u001b[2J", why);
    context.getLogger(Main.class).info("next");
    List<String> lines = lines();
    assertThat(lines.get(0)).matches(BEGIN + "ERROR Main - topic x\\?\\?2026 ERROR forged\\?\\[2J");
    assertThat(lines.get(1)).isEqualTo("java.lang.IllegalStateException: a??b?2J");
    assertThat(lines).contains("Caused by: java.lang.IllegalStateException: c?d");
    assertThat(lines).last().asString().matches(BEGIN + "INFO  Main - next");
    assertThat(lines.subList(2, lines.size() - 1))
        .allMatch(line -> line.startsWith("\t") || line.startsWith("Caused by: "));
  }

  @Test
  void ofRatisTheReasonIsInTheLine() {
    Throwable why = new IllegalStateException("no\nleader", new IOException("refused\u001b[2J"));
    context.getLogger(RATIS).warn("failed", why);
    context.getLogger(RATIS).warn("x".repeat(1 << 20));
    assertThat(lines())
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .matches(
                        BEGIN
                            + "WARN  GrpcServerProtocolService - failed"
                            + " java.lang.IllegalStateException: no\\?leader\\?"
                            + "Caused by: java.io.IOException: refused\\?\\[2J"),
            line -> assertThat(line).hasSizeLessThan(600));
  }

  private void warn(String logger, int second, String text) {
    Logger from = context.getLogger(logger);
    LoggingEvent event = new LoggingEvent(Logger.FQCN, from, Level.WARN, text, null, new Object[0]);
    event.setInstant(Instant.ofEpochSecond(second));
    from.callAppenders(event);
  }

  @Test
  void aFloodIsTenLinesASecondAndACountAndHidesNobodyElse() {
    for (int i = 0; i < 1_000; i++) {
      warn(RATIS, 1, "flood");
    }
    warn("org.apache.ratis.server.RaftServer", 1, "something else");
    assertThat(lines()).hasSize(LinesPerSecond.LINES_MAX + 1);
    assertThat(lines()).last().asString().endsWith(" WARN  RaftServer - something else");
    warn(RATIS, 2, "later");
    assertThat(lines().subList(LinesPerSecond.LINES_MAX + 1, lines().size()))
        .satisfiesExactly(
            line -> assertThat(line).endsWith(" - 990 lines of " + RATIS + " left out"),
            line -> assertThat(line).endsWith(" WARN  GrpcServerProtocolService - later"));
  }
}

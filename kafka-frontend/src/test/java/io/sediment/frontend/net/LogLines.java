package io.sediment.frontend.net;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.LoggerFactory;

/** What one class logs, until this is closed. */
public final class LogLines implements AutoCloseable {
  private final Logger logger;
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final AtomicInteger traces = new AtomicInteger();
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          lines.add(event.getFormattedMessage());
          if (event.getThrowableProxy() != null) {
            traces.incrementAndGet();
          }
        }
      };

  private LogLines(Logger logger) {
    this.logger = logger;
  }

  public static LogLines of(Class<?> logging) {
    LogLines lines = new LogLines((Logger) LoggerFactory.getLogger(logging));
    lines.appender.start();
    lines.logger.addAppender(lines.appender);
    return lines;
  }

  public List<String> all() {
    return List.copyOf(lines);
  }

  /** How many of them came with a stack trace. */
  int traces() {
    return traces.get();
  }

  @Override
  public void close() {
    logger.detachAppender(appender);
    appender.stop();
  }
}

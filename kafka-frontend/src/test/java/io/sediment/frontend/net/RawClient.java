package io.sediment.frontend.net;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.RequestUtils;

/** A Kafka client of a plain socket: sends what no library would, and reads answers one by one. */
public final class RawClient implements AutoCloseable {
  private static final int PATIENCE_MS = 60_000;

  private final Socket socket;
  private final DataInputStream in;
  private final OutputStream out;
  private int nextCorrelationId = 1;

  public RawClient(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MS);
    in = new DataInputStream(socket.getInputStream());
    out = socket.getOutputStream();
  }

  /** Sends {@code request} and returns the header to read its answer with. */
  public RequestHeader send(AbstractRequest request) throws IOException {
    RequestHeader header =
        new RequestHeader(request.apiKey(), request.version(), "raw", nextCorrelationId++);
    sendFrame(request.serializeWithHeader(header));
    return header;
  }

  /** Any message in any version of its API, as its request class would never build it. */
  public RequestHeader send(ApiMessage message, short version) throws IOException {
    ApiKeys key = ApiKeys.forId(message.apiKey());
    RequestHeader header = new RequestHeader(key, version, "raw", nextCorrelationId++);
    sendFrame(serialize(header, message));
    return header;
  }

  public static ByteBuffer serialize(RequestHeader header, ApiMessage message) {
    return RequestUtils.serialize(
        header.data(), header.headerVersion(), message, header.apiVersion());
  }

  public void sendFrame(ByteBuffer body) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(4 + body.remaining());
    frame.putInt(body.remaining()).put(body.duplicate());
    out.write(frame.array());
    out.flush();
  }

  public void sendBytes(byte[] bytes) throws IOException {
    out.write(bytes);
    out.flush();
  }

  public AbstractResponse receive(RequestHeader header) throws IOException {
    return AbstractResponse.parseResponse(receiveFrame(), header);
  }

  public ByteBuffer receiveFrame() throws IOException {
    byte[] body = new byte[in.readInt()];
    in.readFully(body);
    return ByteBuffer.wrap(body);
  }

  public AbstractResponse call(AbstractRequest request) throws IOException {
    return receive(send(request));
  }

  /** Whether the broker neither has sent anything that was not received yet nor has hung up. */
  public boolean isKeptWaiting() throws IOException {
    socket.setSoTimeout(1);
    try {
      in.read();
      return false;
    } catch (SocketTimeoutException stillOpen) {
      return true;
    } finally {
      socket.setSoTimeout(PATIENCE_MS);
    }
  }

  /** Whether the broker closes the connection without another byte. */
  public boolean isClosedByPeer() throws IOException {
    try {
      return in.read() < 0;
    } catch (EOFException | java.net.SocketException e) {
      return true;
    }
  }

  /** Says that nothing more will be sent, and throws away what comes until the broker closes. */
  public void finishAndDrain() throws IOException {
    try {
      socket.shutdownOutput();
      in.transferTo(OutputStream.nullOutputStream());
    } catch (java.net.SocketException closedBefore) {
      // as good as the end of the stream
    }
  }

  /** A header of any API and version, also those no request class would build. */
  public static ByteBuffer header(ApiKeys key, int version, int correlationId) {
    ByteBuffer header =
        ByteBuffer.allocate(11)
            .putShort(key.id)
            .putShort((short) version)
            .putInt(correlationId)
            .putShort((short) -1);
    if (key.requestHeaderVersion((short) version) >= 2) {
      header.put((byte) 0); // no tagged fields
    }
    return header.flip();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}

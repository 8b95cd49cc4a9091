using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;

namespace TrainingCluster.Coordinator.Tests.Hosting;

/// <summary>Both programs, and what strangers send to their ports.</summary>
public class RefusalTests
{
    private static readonly Marshaller<byte[]> s_raw = Marshallers.Create(bytes => bytes, bytes => bytes);

    [Theory]
    [InlineData("Coordinator", "cluster.v1.Jobs", "CreateJob")]
    [InlineData("Worker", "cluster.v1.Collective", "FetchState")]
    public async Task Program_GarbageAtEveryPort_IsCountedWithItsReason(string name, string service, string method)
    {
        using var folder = new TemporaryFolder();
        // A worker needs no coordinator for this.
        await using var program = await ProgramProcess.StartAsync(
            name,
            folder.Path,
            name == "Worker" ? ["--coordinator", "127.0.0.1:9"] : []
        );
        using var http = new HttpClient();
        Assert.DoesNotContain("refused_total{kind=\"call\"", await MetricsAsync(), StringComparison.Ordinal);

        await SendAsync(new Uri(program.Ready.Grpc).Port, "nonsense, longer than the preface\r\n\r\n");
        await SendAsync(new Uri(program.Ready.Grpc).Port, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u00ff\u00ff\u00ff\0\0\0\0\0\u0001");
        await SendAsync(new Uri(program.Ready.Http).Port, "\0\0\0\r\n\r\n");
        await SendAsync(
            int.Parse(program.Ready.Cluster.Split(':')[^1], System.Globalization.CultureInfo.InvariantCulture),
            "\u00ff\u00ff\u00ff\u007f"
        );
        using var channel = GrpcChannel.ForAddress(program.Ready.Grpc);
        var call = new Method<byte[], byte[]>(MethodType.Unary, service, method, s_raw, s_raw);
        await Assert.ThrowsAsync<RpcException>(() =>
            channel.CreateCallInvoker().AsyncUnaryCall(call, null, new CallOptions(), [0x0F, 1, 2]).ResponseAsync
        );

        foreach (
            var counted in new[]
            {
                "{kind=\"connection\",reason=\"invalid_handshake\"",
                "{kind=\"connection\",reason=\"max_frame_length_exceeded\"",
                "{kind=\"connection\",reason=\"invalid_request_line\"",
                "{kind=\"peer\",reason=\"TooLongFrameException\"",
                "{kind=\"call\",reason=\"Unknown\"",
            }
        )
        {
            var metrics = "";
            await ProgramProcess.Until(
                async () =>
                    (metrics = await MetricsAsync())
                        .Split('\n')
                        .Any(line =>
                            line.StartsWith($"training_cluster_refused_total{counted}", StringComparison.Ordinal)
                            && line.EndsWith("} 1", StringComparison.Ordinal)
                        ),
                () => counted + metrics + program.Output
            );
        }
        Assert.Contains("was given up: invalid_handshake", program.Output, StringComparison.Ordinal);

        Task<string> MetricsAsync() => http.GetStringAsync($"{program.Ready.Http}/metrics");
    }

    /// <summary>Sends bytes and waits until the program hangs up, for 2 min at most.</summary>
    private static async Task SendAsync(int port, string bytes)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", port);
        await socket.SendAsync(bytes.Select(letter => (byte)letter).ToArray());
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            while (await socket.ReceiveAsync(new byte[1024], timeout.Token) > 0) { }
        }
        catch (SocketException)
        {
            // A reset is one way to hang up.
        }
    }
}

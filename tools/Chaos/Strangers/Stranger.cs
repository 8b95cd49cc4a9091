using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Google.Protobuf.Reflection;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Strangers;

/// <summary>Somebody who has no business with a process, and talks to all its ports.</summary>
/// <param name="member">The process; it listens.</param>
/// <param name="job">The job that runs; empty: none.</param>
/// <param name="random">What is said draws from it.</param>
/// <param name="client">Makes calls; gives up after <see cref="HangUp"/>.</param>
/// <param name="time">The clock.</param>
internal sealed class Stranger(Member member, string job, DeterministicRandom random, HttpClient client, TimeProvider time)
{
    /// <summary>A process that has not hung up after this time holds on to whoever sends garbage.</summary>
    public static readonly TimeSpan HangUp = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);
    private readonly RefusalCount _sent = new();
    private readonly List<string> _problems = [];

    /// <summary>The process.</summary>
    public Member Member => member;

    /// <summary>What was sent and has to be refused.</summary>
    public RefusalCount Sent => _sent;

    /// <summary>What was taken for good, or not hung up on.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Talks several times, and holds connections that say nothing and streams of other generations all the while.</summary>
    public async Task RunAsync(TimeSpan hold, CancellationToken cancellationToken)
    {
        var ready = await member.Ready;
        var (grpc, http) = (new Uri(ready.Grpc), new Uri(ready.Http));
        // A worker that has a certificate takes no calls from who has none: the connection does not come about.
        var turnedAway = member.Place > 0 && grpc.Scheme == Uri.UriSchemeHttps;
        var actors = ListeningPorts.Of(member.Pid).Where(port => port != grpc.Port && port != http.Port).ToList();
        if (actors.Count == 0)
        {
            _problems.Add($"no port of {member.Name}'s actors was found to talk to");
        }
        using var held = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        held.CancelAfter(hold);
        var holding = new List<Task>();
        foreach (var port in (int[])[grpc.Port, http.Port, .. actors])
        {
            holding.Add(SayNothingAsync(grpc.Host, port, held.Token));
        }
        _sent.Peers += actors.Count;
        for (var volleys = 1 + random.Next(4); volleys > 0; volleys--)
        {
            foreach (var words in Garbage.ForHttp2(random))
            {
                await TalkAsync(grpc.Host, grpc.Port, words, cancellationToken);
            }
            foreach (var words in Garbage.ForHttp1(random))
            {
                await TalkAsync(http.Host, http.Port, words, cancellationToken);
            }
            _sent.Connections += 4;
            foreach (var port in actors)
            {
                // At once: they wait 3 s for the rest of a message that was announced.
                var talks = Garbage.ForActors(random).Select(words => TalkAsync(grpc.Host, port, words, cancellationToken)).ToList();
                holding.AddRange(talks);
                _sent.Peers += talks.Count;
            }
            foreach (var method in member.Place == 0 ? CoordinatorMethods() : Methods(V1.Collective.Descriptor))
            {
                await CallAsync(grpc, method, Garbage.Body(random), turnedAway, cancellationToken);
            }
            if (member.Place > 0)
            {
                foreach (var name in ((string[])[job, "a-job-of-others"]).Where(name => name.Length > 0))
                {
                    holding.Add(SendLateAsync(grpc, Garbage.LateFrame(random, name), held.Token));
                    Expect(turnedAway, sent => sent.Streams++);
                }
            }
            await Task.Delay(s_pause, time, cancellationToken);
        }
        await Task.WhenAll(holding);
    }

    private static IEnumerable<string> CoordinatorMethods() =>
        [
            .. Methods(V1.Jobs.Descriptor),
            .. Methods(V1.Datasets.Descriptor),
            .. Methods(V1.Checkpoints.Descriptor),
            $"/{V1.Jobs.Descriptor.FullName}/Nonsense",
        ];

    private static IEnumerable<string> Methods(ServiceDescriptor service) =>
        service.Methods.Select(method => $"/{service.FullName}/{method.Name}");

    /// <summary>Sends bytes and waits until the process hangs up.</summary>
    /// <param name="host">Its address.</param>
    /// <param name="port">Its port.</param>
    /// <param name="words">The bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    private async Task TalkAsync(string host, int port, byte[] words, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(HangUp);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host, port, limit.Token);
            await socket.SendAsync(words, limit.Token);
            var answer = new byte[4096];
            while (await socket.ReceiveAsync(answer, limit.Token) > 0) { }
        }
        catch (SocketException)
        {
            // A reset is one way to hang up. A connection that was refused is not counted by the process, and missed there.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _problems.Add($"{member.Name} did not hang up on port {port}");
        }
    }

    private static async Task SayNothingAsync(string host, int port, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken);
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // The time is up.
        }
    }

    /// <summary>Calls that are turned away share connections as the client likes: how many it tried is not known.</summary>
    private void Expect(bool turnedAway, Action<RefusalCount> otherwise)
    {
        if (!turnedAway)
        {
            otherwise(_sent);
        }
    }

    private async Task CallAsync(Uri grpc, string method, byte[] body, bool turnedAway, CancellationToken cancellationToken)
    {
        if (await PostAsync(grpc, method, body, cancellationToken) == "0")
        {
            _problems.Add($"{member.Name} took garbage for a call of {method}");
        }
        Expect(turnedAway, sent => sent.Calls++);
    }

    private async Task SendLateAsync(Uri grpc, byte[] body, CancellationToken cancellationToken)
    {
        try
        {
            if (await PostAsync(grpc, $"/{V1.Collective.Descriptor.FullName}/Exchange", body, cancellationToken) == "0")
            {
                _problems.Add($"{member.Name} took a stream of another generation");
            }
        }
        catch (OperationCanceledException)
        {
            // It was kept waiting for its generation, which does not come.
        }
    }

    /// <summary>The status that a call ended with. Null: it was broken off.</summary>
    private async Task<string?> PostAsync(Uri grpc, string method, byte[] body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(grpc, method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
            Headers = { TE = { new TransferCodingWithQualityHeaderValue("trailers") } },
        };
        try
        {
            using var response = await client.SendAsync(request, cancellationToken);
            return (
                response.TrailingHeaders.TryGetValues("grpc-status", out var trailer) ? trailer
                : response.Headers.TryGetValues("grpc-status", out var header) ? header
                : []
            ).FirstOrDefault();
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _problems.Add($"{member.Name} did not answer a call of {method} within {HangUp.TotalSeconds:F0} s");
            return null;
        }
    }
}

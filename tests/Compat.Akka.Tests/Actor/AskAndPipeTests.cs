using Akka.Actor;

namespace TrainingCluster.Compat.Akka.Tests.Actor;

public sealed class AskAndPipeTests : LocalSystem
{
    private sealed class Echo : ReceiveActor
    {
        public Echo()
        {
            Receive<Exception>(e => Sender.Tell(new Status.Failure(e)));
            Receive<string>(s => s == "silence", _ => { });
            Receive<Task<int>>(t => t.PipeTo(Sender, Self, n => $"got {n}", e => $"failed: {e.Message}"));
            Receive<Task>(t => t.PipeTo(Sender));
            ReceiveAny(m => Sender.Tell(m));
        }
    }

    private IActorRef NewEcho() => System.ActorOf<Echo>();

    [Fact]
    public async Task Ask_Reply_IsTheResult() => Assert.Equal(3, await NewEcho().Ask<int>(3, Patience));

    [Fact]
    public async Task Ask_NoReply_TimesOut()
    {
        await Assert.ThrowsAsync<AskTimeoutException>(() => NewEcho().Ask<int>("silence", TimeSpan.FromMilliseconds(50)));
    }

    [Fact]
    public async Task Ask_StatusFailure_ThrowsItsCause()
    {
        var thrown = await Assert.ThrowsAsync<FormatException>(() => NewEcho().Ask<int>(new FormatException("odd"), Patience));
        Assert.Equal("odd", thrown.Message);
    }

    [Fact]
    public async Task Ask_ReplyOfOtherType_Throws()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => NewEcho().Ask<int>("text", Patience));
    }

    [Fact]
    public async Task Ask_Cancelled_IsCancelled()
    {
        using var source = new CancellationTokenSource();
        var asked = NewEcho().Ask<int>("silence", source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
    }

    [Fact]
    public async Task PipeTo_SuccessAndFailure_AreTransformed()
    {
        var echo = NewEcho();
        Assert.Equal("got 4", await echo.Ask<string>(Task.FromResult(4), Patience));
        Assert.Equal("failed: no", await echo.Ask<string>(Task.FromException<int>(new FormatException("no")), Patience));
    }

    [Fact]
    public async Task PipeTo_FailureWithoutTransform_ComesAsStatusFailure()
    {
        await Assert.ThrowsAsync<FormatException>(() => NewEcho().Ask<string>(Task.FromException(new FormatException("no")), Patience));
    }

    private sealed class Forwarder : ReceiveActor
    {
        public Forwarder(IActorRef to) => ReceiveAny(m => to.Forward(m));
    }

    [Fact]
    public async Task Forward_Message_KeepsItsSender()
    {
        var echo = NewEcho();
        var forwarder = System.ActorOf(Props.Create(() => new Forwarder(echo)));
        Assert.Equal("x", await forwarder.Ask<string>("x", Patience));
    }

    [Fact]
    public async Task ResolveOne_ExistingAndMissing_RefOrActorNotFound()
    {
        var echo = System.ActorOf<Echo>("echo");
        Assert.Equal(echo, await System.ActorSelection("/user/echo").ResolveOne(Patience));
        Assert.Equal(echo, await System.ActorSelection("akka://local/user/echo").ResolveOne(Patience));
        Assert.Equal(echo, await System.ActorSelection("/user/e*").ResolveOne(Patience));
        await Assert.ThrowsAsync<ActorNotFoundException>(() => System.ActorSelection("/user/nobody").ResolveOne(Patience));
        Assert.Equal(8, await System.ActorSelection("/user/echo").Ask<int>(8, Patience));
    }
}

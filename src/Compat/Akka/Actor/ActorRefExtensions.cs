namespace Akka.Actor;

/// <summary>Sends with the running actor as the sender.</summary>
public static class ActorRefImplicitSenderExtensions
{
    public static void Tell(this IActorRef receiver, object message) => receiver.Tell(message, ActorCell.Current?.Self);

    /// <summary>Passes on a message with its sender.</summary>
    public static void Forward(this IActorRef receiver, object message) => receiver.Tell(message, ActorCell.Current?.CurrentEnvelope.Sender);
}

/// <summary>Short forms of <see cref="IActorRefFactory"/>.</summary>
public static class ActorRefFactoryExtensions
{
    public static IActorRef ActorOf<TActor>(this IActorRefFactory factory, string name = null) where TActor : ActorBase, new() =>
        factory.ActorOf(Props.Create<TActor>(), name);
}

/// <summary>Sends the outcome of a task to an actor as a message.</summary>
public static class PipeToSupport
{
    /// <summary>The result, or what <paramref name="success"/> makes of it; a failure comes as <see cref="Status.Failure"/> or as what <paramref name="failure"/> makes of it.</summary>
    public static async Task PipeTo<T>(this Task<T> taskToPipe, ICanTell recipient, IActorRef sender = null, Func<T, object> success = null, Func<Exception, object> failure = null)
    {
        sender ??= ActorRefs.NoSender;
        T result;
        try
        {
            result = await taskToPipe.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            recipient.Tell(failure is null ? new Status.Failure(e) : failure(e), sender);
            return;
        }
        recipient.Tell(success is null ? result : success(result), sender);
    }

    /// <summary>As for a task with a result; without <paramref name="success"/> nothing is sent when it ends well.</summary>
    public static async Task PipeTo(this Task taskToPipe, ICanTell recipient, IActorRef sender = null, Func<object> success = null, Func<Exception, object> failure = null)
    {
        sender ??= ActorRefs.NoSender;
        try
        {
            await taskToPipe.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            recipient.Tell(failure is null ? new Status.Failure(e) : failure(e), sender);
            return;
        }
        if (success is not null) recipient.Tell(success(), sender);
    }
}

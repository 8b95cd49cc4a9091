using System.IO.Enumeration;

namespace Akka.Actor;

/// <summary>A place in the tree of actors, here or in another process, that may be empty; a message goes to whoever lives there when it arrives.</summary>
public class ActorSelection : ICanTell
{
    private readonly string[] _elements;

    public ActorSelection(IActorRef anchor, IEnumerable<string> elements)
    {
        Anchor = anchor;
        _elements = [.. elements.Where(e => e is not ("" or "."))];
    }

    public ActorSelection(IActorRef anchor, string path) : this(anchor, string.IsNullOrEmpty(path) ? [] : path.Split('/')) { }

    public IActorRef Anchor { get; }

    public string PathString => "/" + string.Join('/', _elements);

    public void Tell(object message, IActorRef sender = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        new SelectionMessage(message, _elements).Deliver((InternalActorRef)Anchor, sender ?? ActorCell.Current?.Self);
    }

    public Task<IActorRef> ResolveOne(TimeSpan timeout) => ResolveOne(timeout, CancellationToken.None);

    /// <summary>The reference of the actor that lives here; <see cref="ActorNotFoundException"/> if none answers in time.</summary>
    public async Task<IActorRef> ResolveOne(TimeSpan timeout, CancellationToken ct)
    {
        ActorIdentity identity;
        try
        {
            identity = await this.Ask<ActorIdentity>(new Identify(null), timeout, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AskTimeoutException or OperationCanceledException)
        {
            throw new ActorNotFoundException("Exception occurred while resolving ActorSelection", e);
        }
        return identity.Subject ?? throw new ActorNotFoundException("subject was null");
    }

    public override bool Equals(object obj) => obj is ActorSelection other && Equals(Anchor, other.Anchor) && _elements.SequenceEqual(other._elements);
    public override int GetHashCode() => HashCode.Combine(Anchor, PathString);
    public override string ToString() => $"ActorSelection[Anchor({Anchor}), Path({PathString})]";
}

/// <summary>A message on its way through the tree.</summary>
internal sealed record SelectionMessage(object Message, IReadOnlyList<string> Elements) : IAutoReceivedMessage
{
    internal void Deliver(InternalActorRef from, IActorRef sender)
    {
        if (!from.IsLocal)
        {
            from.Tell(this, sender);
            return;
        }
        var at = from;
        for (var i = 0; i < Elements.Count; i++)
        {
            var element = Elements[i];
            if (element.AsSpan().ContainsAny('*', '?'))
            {
                var rest = new SelectionMessage(Message, [.. Elements.Skip(i + 1)]);
                foreach (var child in at.GetChildren())
                    if (FileSystemName.MatchesSimpleExpression(element, child.Path.Name, ignoreCase: false)) rest.Deliver(child, sender);
                return;
            }
            var next = element == ".." ? at.Parent : at.GetChild(element);
            if (next is null)
            {
                new EmptyLocalActorRef(at.System, at.Path / Elements.Skip(i)).Tell(Message, sender);
                return;
            }
            at = next;
        }
        at.Tell(Message, sender);
    }
}

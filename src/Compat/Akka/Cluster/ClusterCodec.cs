using System.Collections.Immutable;
using Akka.Actor;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary>The daemons' messages as bytes.</summary>
internal static class ClusterCodec
{
    internal static void Write(WireWriter w, IClusterMessage message)
    {
        switch (message)
        {
            case InitJoin: w.Byte(1); break;
            case InitJoinAck ack: w.Byte(2); w.String(ack.From.ToString()); break;
            case InitJoinNack nack: w.Byte(3); w.String(nack.From.ToString()); break;
            case Join join: w.Byte(4); Node(w, join.Node); w.List(join.Roles, w.String); break;
            case Welcome welcome: w.Byte(5); Node(w, welcome.From); Gossip(w, welcome.Gossip); break;
            case GossipEnvelope envelope: w.Byte(6); Node(w, envelope.From); Node(w, envelope.To); Gossip(w, envelope.Gossip); break;
            case Heartbeat: w.Byte(7); break;
            case HeartbeatRsp response: w.Byte(8); Node(w, response.From); break;
            case ExitingConfirmed confirmed: w.Byte(9); Node(w, confirmed.Node); break;
            default: throw new NotSupportedException($"{message.GetType()} does not leave its process.");
        }
    }

    internal static IClusterMessage Read(WireReader r)
    {
        var kind = r.Byte();
        return kind switch
        {
            1 => new InitJoin(),
            2 => new InitJoinAck(Address.Parse(r.String())),
            3 => new InitJoinNack(Address.Parse(r.String())),
            4 => new Join(Node(r), [.. r.List(r.String)]),
            5 => new Welcome(Node(r), Gossip(r)),
            6 => new GossipEnvelope(Node(r), Node(r), Gossip(r)),
            7 => new Heartbeat(),
            8 => new HeartbeatRsp(Node(r)),
            9 => new ExitingConfirmed(Node(r)),
            _ => throw new InvalidDataException($"Unknown cluster message {kind}."),
        };
    }

    private static void Node(WireWriter w, UniqueAddress node)
    {
        w.String(node.Address.ToString());
        w.Int(node.Uid);
    }

    private static UniqueAddress Node(WireReader r) => new(Address.Parse(r.String()), r.Int());

    private static void Gossip(WireWriter w, Gossip gossip)
    {
        w.List(gossip.Members.Values.ToList(), member =>
        {
            Node(w, member.UniqueAddress);
            w.Int(member.UpNumber);
            w.Byte((byte)member.Status);
            w.List(member.Roles, w.String);
        });
        w.List(gossip.Reachability.Rows.ToList(), row =>
        {
            Node(w, row.Key);
            w.Long(row.Value.Version);
            w.List(row.Value.Lost.ToList(), lost =>
            {
                Node(w, lost.Key);
                w.Bool(lost.Value);
            });
        });
        w.List(gossip.Removed.ToList(), removed =>
        {
            Node(w, removed.Key);
            w.Long(removed.Value);
        });
        w.List(gossip.Seen, node => Node(w, node));
    }

    private static Gossip Gossip(WireReader r)
    {
        var members = r.List(() => new Member(Node(r), r.Int(), (MemberStatus)r.Byte(), [.. r.List(r.String)]));
        var rows = r.List(() => KeyValuePair.Create(
            Node(r),
            new ReachabilityRow(r.Long(), r.List(() => KeyValuePair.Create(Node(r), r.Bool())).ToImmutableSortedDictionary())));
        var removed = r.List(() => KeyValuePair.Create(Node(r), r.Long()));
        return new Gossip(
            Akka.Cluster.Gossip.NoMembers.AddRange(members.Select(m => KeyValuePair.Create(m.UniqueAddress, m))),
            new Reachability(rows.ToImmutableSortedDictionary()),
            removed.ToImmutableSortedDictionary(),
            [.. r.List(() => Node(r))]);
    }
}

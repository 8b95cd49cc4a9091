using Akka.Actor;

namespace TrainingCluster.Compat.Akka.Tests.Actor;

public sealed class PathTests
{
    [Fact]
    public void Parse_RemotePath_PartsAndTextAgree()
    {
        var path = ActorPath.Parse("akka.tcp://cluster@10.0.0.1:4053/user/parent/child#42");
        Assert.Equal(new Address("akka.tcp", "cluster", "10.0.0.1", 4053), path.Address);
        Assert.Equal("child", path.Name);
        Assert.Equal(42, path.Uid);
        Assert.Equal(["user", "parent", "child"], path.Elements);
        Assert.Equal("akka.tcp://cluster@10.0.0.1:4053/user/parent/child", path.ToString());
        Assert.Equal("/user/parent/child", path.ToStringWithoutAddress());
        Assert.Equal("akka.tcp://cluster@10.0.0.1:4053/user/parent", path.Parent.ToString());
    }

    [Fact]
    public void Address_ParseAndToString_RoundTrip()
    {
        const string Text = "akka.tcp://cluster@localhost:4053";
        var address = Address.Parse(Text);
        Assert.Equal(Text, address.ToString());
        Assert.Equal("cluster@localhost:4053", address.HostPort());
        Assert.True(address.HasGlobalScope);
        Assert.Equal("akka://cluster", new Address("akka", "cluster").ToString());
        Assert.True(new Address("akka", "cluster").HasLocalScope);
    }

    [Fact]
    public void Equals_PathsThatDifferInUid_AreEqual()
    {
        Assert.Equal(ActorPath.Parse("akka://a/user/x#1"), ActorPath.Parse("akka://a/user/x#2"));
        Assert.NotEqual(ActorPath.Parse("akka://a/user/x"), ActorPath.Parse("akka://b/user/x"));
    }

    [Fact]
    public void RootActorPath_WithElements_MakesAPath() =>
        Assert.Equal("akka.tcp://a@h:1/user/x", (new RootActorPath(Address.Parse("akka.tcp://a@h:1")) / "user" / "x").ToString());
}

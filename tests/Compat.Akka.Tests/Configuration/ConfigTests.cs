using Akka.Configuration;

namespace TrainingCluster.Compat.Akka.Tests.Configuration;

public sealed class ConfigTests
{
    private static readonly Config s_config = ConfigurationFactory.ParseString("""
        # a comment
        akka {
          loglevel = INFO // another
          remote.dot-netty.tcp { hostname = "127.0.0.1", port : 0 }
          remote.dot-netty.tcp.maximum-frame-size = 30KiB
          cluster {
            seed-nodes = ["akka.tcp://a@127.0.0.1:4053", "akka.tcp://a@127.0.0.1:4054"]
            roles = [ worker ]
            failure-detector.heartbeat-interval = 300 ms
            failure-detector.threshold = 8.5
            pause = 2s
            never = infinite
            log-info = off
          }
        }
        text = say "it" plainly
        """);

    [Fact]
    public void Get_EachKind_IsRead()
    {
        Assert.Equal("INFO", s_config.GetString("akka.loglevel"));
        Assert.Equal("127.0.0.1", s_config.GetString("akka.remote.dot-netty.tcp.hostname"));
        Assert.Equal(0, s_config.GetInt("akka.remote.dot-netty.tcp.port", 7));
        Assert.Equal(30 * 1024, s_config.GetByteSize("akka.remote.dot-netty.tcp.maximum-frame-size", null));
        Assert.Equal(["akka.tcp://a@127.0.0.1:4053", "akka.tcp://a@127.0.0.1:4054"], s_config.GetStringList("akka.cluster.seed-nodes"));
        Assert.Equal(["worker"], s_config.GetStringList("akka.cluster.roles"));
        Assert.Equal(TimeSpan.FromMilliseconds(300), s_config.GetTimeSpan("akka.cluster.failure-detector.heartbeat-interval"));
        Assert.Equal(8.5, s_config.GetDouble("akka.cluster.failure-detector.threshold"));
        Assert.Equal(TimeSpan.FromSeconds(2), s_config.GetTimeSpan("akka.cluster.pause"));
        Assert.Equal(Timeout.InfiniteTimeSpan, s_config.GetTimeSpan("akka.cluster.never"));
        Assert.False(s_config.GetBoolean("akka.cluster.log-info", true));
    }

    [Fact]
    public void HasPath_PresentAndMissing_SaysWhich()
    {
        Assert.True(s_config.HasPath("akka.cluster.roles"));
        Assert.False(s_config.HasPath("akka.cluster.nothing"));
        Assert.Equal("x", s_config.GetString("akka.cluster.nothing", "x"));
    }

    [Fact]
    public void WithFallback_BothHaveAKey_FirstWinsAndObjectsMerge()
    {
        var merged = ConfigurationFactory.ParseString("a { b = 1 }").WithFallback(ConfigurationFactory.ParseString("a { b = 2, c = 3 }"));
        Assert.Equal(1, merged.GetInt("a.b"));
        Assert.Equal(3, merged.GetInt("a.c"));
    }

    [Fact]
    public void GetConfig_Part_HasItsKeys() => Assert.Equal(0, s_config.GetConfig("akka.remote.dot-netty.tcp").GetInt("port", 5));
}

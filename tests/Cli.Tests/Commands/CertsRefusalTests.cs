using System.Security.Cryptography;
using TrainingCluster.Cli.Tests.Security;

namespace TrainingCluster.Cli.Tests.Commands;

/// <summary>What <c>certs</c> does not take, and leaves as it was.</summary>
public sealed class CertsRefusalTests : CertsTests
{
    [Theory]
    [InlineData("coordinator:7070")]
    [InlineData("http://coordinator")]
    [InlineData("a..b")]
    [InlineData("-a")]
    [InlineData("a b")]
    [InlineData("müller.example.org")]
    [InlineData("*")]
    [InlineData("*.org")]
    [InlineData("a.*.org")]
    [InlineData("127.1")]
    [InlineData("010.0.0.1")]
    [InlineData("1.2.3.4.5")]
    [InlineData("256.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("[::1]")]
    [InlineData("[::1]:7070")]
    [InlineData("fe80::1%eth0")]
    [InlineData("a23456789-123456789-123456789-123456789-123456789-123456789-1234.org")]
    public async Task Certs_BadHost_IsNamed(string host)
    {
        await RefusedAsync($"--coordinator-host '{host}' is no name and no address of a host", null, "--coordinator-host", host);
        await RefusedAsync($"--worker-name '{host}'", null, "--worker-name", host);
        Assert.False(Directory.Exists(Root));
    }

    [Theory]
    [InlineData(
        "ca/ca.key",
        "garbage",
        "ca.key holds no ECDSA key, an encrypted one or a damaged one; restore it from a copy, or make a new CA"
    )]
    [InlineData("ca/ca.key", "truncated", "ca.key holds no ECDSA key")]
    [InlineData("ca/ca.key", "other", "ca.crt does not belong to")]
    [InlineData("ca/ca.key", "rsa", "ca.key holds no ECDSA key")]
    [InlineData("ca/ca.key", "missing", "ca.crt is there, but")]
    [InlineData("ca/ca.crt", "garbage", "ca.crt holds no certificate. Restore it from a copy, or delete it")]
    [InlineData("ca/ca.crt", "truncated", "ca.crt holds")]
    [InlineData("ca/ca.crt", "broken", "ca.crt holds a damaged certificate. Restore")]
    [InlineData("ca/ca.crt", "program", "ca.crt does not belong to")]
    [InlineData("ca/ca.crt", "missing", "ca.key is there, but")]
    [InlineData("worker/tls.crt", "garbage", "tls.crt holds a damaged certificate. Delete it")]
    public async Task Certs_DamagedFile_IsNamedAndNothingChanges(string file, string damage, string expected)
    {
        await MakeAsync();
        var path = At(file);
        var text = await ReadAsync(file);
        switch (damage)
        {
            case "missing":
                File.Delete(path);
                break;
            case "garbage":
                await File.WriteAllTextAsync(path, "garbage");
                break;
            case "truncated":
                await File.WriteAllTextAsync(path, text[..(text.Length / 2)]);
                break;
            case "broken":
                await File.WriteAllTextAsync(path, text.Replace("MII", "AAA", StringComparison.Ordinal));
                break;
            case "other":
                using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
                {
                    await File.WriteAllTextAsync(path, key.ExportPkcs8PrivateKeyPem());
                }
                break;
            case "rsa":
                using (var key = RSA.Create(2048))
                {
                    await File.WriteAllTextAsync(path, key.ExportPkcs8PrivateKeyPem());
                }
                break;
            case "program":
                File.Copy(At("worker/tls.crt"), path, overwrite: true);
                break;
        }

        await RefusedAsync(expected);
    }

    [Fact]
    public async Task Certs_CertificateThatMayNotSign_IsRefused()
    {
        await MakeAsync();
        File.Copy(At("worker/tls.crt"), At("ca/ca.crt"), overwrite: true);
        File.Copy(At("worker/tls.key"), At("ca/ca.key"), overwrite: true);
        await RefusedAsync("begins with no certificate of a CA");
    }

    [Fact]
    public async Task Certs_NewCaOverADamagedKey_IsTheWayOut()
    {
        await MakeAsync();
        await File.WriteAllTextAsync(At("ca/ca.key"), "garbage");
        await MakeAsync("--new-ca");
        await MakeAsync();
        using var certificate = CertificateFolders.Load(At("worker"));
        Assert.True(CertificateFolders.Verifies(certificate, At("worker/ca.crt"), CertificateFolders.ClientAuthentication));
    }

    [Fact]
    public async Task Certs_FolderThatCannotBe_SaysSo()
    {
        var file = Folder.Write("file", "");
        var session = await Session.RunAsync("certs", Path.Combine(file, "certs"));
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains($"{file} is a file; name a folder", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certs_WhileAnotherWrites_SaysSoAndLeavesTheOthersFile()
    {
        await MakeAsync();
        var before = Contents();
        var other = At("worker/tls.key.new");
        await File.WriteAllTextAsync(other, "");

        var session = await Session.RunAsync("certs", Root);

        Assert.Equal(ExitCodes.Failed, session.ExitCode);
        Assert.Contains($"{other} is there", session.Error, StringComparison.Ordinal);
        before.Add(other, "");
        Assert.Equal(before, Contents());
    }
}
